# What the scripts share: the settings, a log, the AWS CLI.
$ErrorActionPreference = 'Stop'
$root = Join-Path $env:ProgramFiles 'labsight'
$settings = Import-PowerShellDataFile (Join-Path $root 'settings.psd1')
$aws = Join-Path $env:ProgramFiles 'Amazon\AWSCLIV2\aws.exe'
$memory = 'HKLM:\SOFTWARE\labsight'

function Write-Log([string] $text) {
    $line = '{0:u} {1}' -f (Get-Date).ToUniversalTime(), $text
    Add-Content -Path (Join-Path $env:TEMP 'labsight.log') -Value $line
}

# The answer of the AWS CLI as text; its errors hold no secret.
function Invoke-Aws([string[]] $arguments) {
    $ErrorActionPreference = 'Continue'  # or a mere warning on stderr would end the script
    $answer = & $aws @arguments --region $settings.Region --output text 2>&1
    if ($LASTEXITCODE -ne 0) { throw "aws $($arguments[0]) $($arguments[1]): $answer" }
    ($answer | Out-String).Trim()
}

function Get-Memory([string] $name) {
    (Get-ItemProperty -Path $memory -Name $name -ErrorAction SilentlyContinue).$name
}

function Set-Memory([string] $name, [string] $value) {
    if (-not (Test-Path $memory)) { New-Item -Path $memory -Force | Out-Null }
    Set-ItemProperty -Path $memory -Name $name -Value $value
}
