# Viewer workstation: lays down its scripts at every boot; each may run any number of times.
$ErrorActionPreference = 'Stop'
$root = Join-Path $env:ProgramFiles 'labsight'  # users read it and cannot write there
New-Item -ItemType Directory -Force -Path $root | Out-Null

function Save-Text([string] $name, [string] $text) {
    Set-Content -Path (Join-Path $root $name) -Value $text -Encoding UTF8
}

Save-Text 'settings.psd1' @'
@@SETTINGS@@
'@
Save-Text 'common.ps1' @'
@@COMMON@@
'@
Save-Text 'setup.ps1' @'
@@SETUP@@
'@
Save-Text 'log-in.ps1' @'
@@LOG_IN@@
'@
Save-Text 'idle.ps1' @'
@@IDLE@@
'@

function Register-Script([string] $name, $triggers) {
    $run = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$root\$name.ps1`""
    $one = New-ScheduledTaskSettingsSet -MultipleInstances IgnoreNew -StartWhenAvailable `
        -AllowStartIfOnBatteries -ExecutionTimeLimit (New-TimeSpan -Hours 2)
    Register-ScheduledTask -Force -TaskName "labsight-$name" -Settings $one -Trigger $triggers `
        -Action (New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $run) `
        -User 'NT AUTHORITY\SYSTEM' -RunLevel Highest | Out-Null
}

function Get-Every([int] $minutes) {
    New-ScheduledTaskTrigger -Once -At (Get-Date) `
        -RepetitionInterval (New-TimeSpan -Minutes $minutes) `
        -RepetitionDuration (New-TimeSpan -Days 3650)
}

# What was not staged yet at the first boot is fetched by one of the later runs.
Register-Script 'setup' (Get-Every 15)
Register-Script 'idle' (Get-Every 5)
Start-ScheduledTask -TaskName 'labsight-setup'

# Every user, at each log-in, in the user's own session: drives belong to a session.
$quiet = 'powershell.exe -NoProfile -WindowStyle Hidden -ExecutionPolicy Bypass'
Set-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Run' `
    -Name 'labsight-log-in' -Value "$quiet -File `"$root\log-in.ps1`""
