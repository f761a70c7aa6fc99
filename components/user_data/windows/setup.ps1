# Installs what is staged under tools/ and hands over the administrator's password; repeatable.
. (Join-Path $PSScriptRoot 'common.ps1')
$cache = Join-Path $root 'cache'
New-Item -ItemType Directory -Force -Path $cache | Out-Null

# The image has AWS's PowerShell module, in one of its editions; the CLI comes with the first tool.
function Get-Staged([string] $key, [string] $file) {
    if (Test-Path $aws) {
        Invoke-Aws @('s3', 'cp', "s3://$($settings.Bucket)/$key", $file, '--only-show-errors') | Out-Null
    } else {
        Read-S3Object -BucketName $settings.Bucket -Key $key -File $file `
            -Region $settings.Region | Out-Null
    }
}

function Install-Msi([string] $file) {
    $quiet = "/i `"$file`" /qn /norestart ALLUSERS=1"
    $run = Start-Process msiexec.exe -ArgumentList $quiet -Wait -PassThru
    if ($run.ExitCode -notin 0, 3010) { throw "msiexec ended with $($run.ExitCode) for $file" }
}

function Install-QuPath([string] $file) {
    if ($file -like '*.msi') { Install-Msi $file; return }
    $folder = Join-Path $env:ProgramFiles 'QuPath'
    if (Test-Path $folder) { Remove-Item -Recurse -Force $folder }
    Expand-Archive -Path $file -DestinationPath $folder -Force
    $program = Get-ChildItem $folder -Recurse -Filter 'QuPath*.exe' |
        Where-Object Name -notlike '*console*' | Select-Object -First 1
    $link = Join-Path $env:PUBLIC 'Desktop\QuPath.lnk'
    $shortcut = (New-Object -ComObject WScript.Shell).CreateShortcut($link)
    $shortcut.TargetPath = $program.FullName
    $shortcut.Save()
}

function Install-Tool($tool) {
    if ((Get-Memory $tool.name) -eq $tool.sha256) { return }
    $file = Join-Path $cache $tool.file
    Get-Staged $tool.key $file
    $found = (Get-FileHash -Algorithm SHA256 -Path $file).Hash
    if ($found -ne $tool.sha256) {
        Remove-Item $file
        throw "$($tool.file): SHA-256 $found, the manifest says $($tool.sha256)"
    }
    if ($tool.name -eq 'aws-cli') { Install-Msi $file } else { Install-QuPath $file }
    Set-Memory $tool.name $tool.sha256
    Remove-Item $file
    Write-Log "installed $($tool.file)"
}

# Stored first and set second: should this stop in between, the next run makes another one.
function Set-AdministratorPassword {
    $secret = $settings.PasswordSecret
    if (-not $secret -or (Get-Memory 'password') -eq $secret) { return }
    $letters = [char[]]'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'
    $bytes = New-Object byte[] 256
    [Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($bytes)
    $usable = $bytes | Where-Object { $_ -lt 4 * $letters.Length } | Select-Object -First 24
    $password = (-join ($usable | ForEach-Object { $letters[$_ % $letters.Length] })) + '-aZ7'
    $request = Join-Path $cache 'request.json'
    try {
        New-Item -ItemType File -Force -Path $request | Out-Null
        & icacls.exe $request /inheritance:r /grant:r 'SYSTEM:F' | Out-Null
        $body = @{ SecretId = $secret; SecretString = $password } | ConvertTo-Json -Compress
        [IO.File]::WriteAllText($request, $body)
        Invoke-Aws @('secretsmanager', 'put-secret-value', '--cli-input-json', "file://$request") | Out-Null
    } finally {
        Remove-Item -Force $request -ErrorAction SilentlyContinue
    }
    $secure = ConvertTo-SecureString $password -AsPlainText -Force
    Get-LocalUser | Where-Object { $_.SID.Value -like '*-500' } | Set-LocalUser -Password $secure
    Set-Memory 'password' $secret
    Write-Log 'the administrator has a new password'
}

try {
    $list = Join-Path $cache 'manifest.json'
    Get-Staged "$($settings.Tools)manifest.json" $list
    $tools = (Get-Content -Raw $list | ConvertFrom-Json).tools | Where-Object kind -eq 'windows'
    # The CLI first: what follows needs it.
    foreach ($tool in ($tools | Sort-Object name)) { Install-Tool $tool }
    Set-AdministratorPassword
} catch {
    Write-Log "setup: $_"
    throw
}
