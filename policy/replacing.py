"""Properties whose change makes AWS build a thing anew, of the things that hold something.

What is built anew starts empty. After the schema of the provider: what forces a new resource.
"""

REPLACING: dict[str, frozenset[str]] = {
    type_: frozenset(properties)
    for type_, properties in {
        "aws:s3/bucket:Bucket": ("bucket", "bucketPrefix", "objectLockEnabled"),
        "aws:rds/instance:Instance": (
            "availabilityZone",
            "characterSetName",
            "customIamInstanceProfile",
            "dbName",
            "dbSubnetGroupName",
            "engine",
            "identifier",
            "kmsKeyId",
            "snapshotIdentifier",
            "storageEncrypted",
            "timezone",
            "username",
        ),
        "aws:rds/cluster:Cluster": (
            "availabilityZones",
            "clusterIdentifier",
            "databaseName",
            "dbSubnetGroupName",
            "engine",
            "engineMode",
            "kmsKeyId",
            "masterUsername",
            "port",
            "snapshotIdentifier",
            "storageEncrypted",
        ),
        "aws:rds/subnetGroup:SubnetGroup": ("name", "namePrefix"),
        "aws:efs/fileSystem:FileSystem": (
            "availabilityZoneName",
            "creationToken",
            "encrypted",
            "kmsKeyId",
            "performanceMode",
        ),
        "aws:efs/accessPoint:AccessPoint": ("fileSystemId", "posixUser", "rootDirectory"),
        "aws:cognito/userPool:UserPool": ("aliasAttributes", "usernameAttributes"),
        "aws:cognito/userPoolDomain:UserPoolDomain": ("domain", "userPoolId"),
        "aws:ec2/vpc:Vpc": ("cidrBlock", "instanceTenancy", "ipv4IpamPoolId"),
        "aws:ec2/subnet:Subnet": ("availabilityZone", "cidrBlock", "vpcId"),
        "aws:ec2/securityGroup:SecurityGroup": ("description", "name", "namePrefix", "vpcId"),
        "aws:ec2/instance:Instance": (
            "ami",
            "availabilityZone",
            "keyName",
            "placementGroup",
            "privateIp",
            "subnetId",
            "userDataReplaceOnChange",
        ),
        "aws:ebs/volume:Volume": ("availabilityZone", "encrypted", "kmsKeyId", "snapshotId"),
        "aws:kms/key:Key": ("customerMasterKeySpec", "keyUsage", "multiRegion"),
        "aws:secretsmanager/secret:Secret": ("name", "namePrefix"),
        "aws:sqs/queue:Queue": ("fifoQueue", "name", "namePrefix"),
        "aws:storagegateway/gateway:Gateway": (
            "activationKey",
            "gatewayType",
            "gatewayVpcEndpoint",
        ),
        "aws:storagegateway/smbFileShare:SmbFileShare": ("gatewayArn", "locationArn"),
        "aws:backup/vault:Vault": ("kmsKeyArn", "name"),
        "aws:cloudwatch/logGroup:LogGroup": ("name", "namePrefix", "logGroupClass"),
        "aws:cloudtrail/trail:Trail": ("name",),
    }.items()
}
