# Stops the machine when nobody has touched it and nothing has run for a while.
. (Join-Path $PSScriptRoot 'common.ps1')
if ($settings.IdleMinutes -le 0) { exit }

# quser writes ".", "none", "7", "1:05" or "2+03:04".
function ConvertTo-Minutes([string] $text) {
    if ($text -notmatch '^(?:(\d+)\+)?(?:(\d+):)?(\d+)$') { return 0 }
    1440 * [int]$Matches[1] + 60 * [int]$Matches[2] + [int]$Matches[3]
}

# Minutes since the last input of a connected user; none is connected: -1.
function Get-Untouched {
    $ErrorActionPreference = 'Continue'  # without a session quser writes an error
    $least = -1
    foreach ($line in (& quser.exe 2>$null)) {
        if ($line -match '\sActive\s+(\S+)\s') {
            $minutes = ConvertTo-Minutes $Matches[1]
            if ($least -lt 0 -or $minutes -lt $least) { $least = $minutes }
        }
    }
    $least
}

$now = (Get-Date).ToUniversalTime()
$boot = (Get-CimInstance Win32_OperatingSystem).LastBootUpTime.ToUniversalTime()
$last = $boot
$known = Get-Memory 'last-use'
if ($known) { $last = (@($boot, [datetime]::new([long]$known, 'Utc')) | Measure-Object -Maximum).Maximum }

$untouched = Get-Untouched
if ($untouched -ge 0) {
    $touched = $now.AddMinutes(-$untouched)
    if ($touched -gt $last) { $last = $touched }
}
# Work that goes on without anybody there, such as a QuPath script.
$load = 1..3 | ForEach-Object {
    (Get-CimInstance Win32_Processor | Measure-Object LoadPercentage -Average).Average
    Start-Sleep -Seconds 5
}
if (($load | Measure-Object -Minimum).Minimum -ge @@BUSY_PERCENT@@) { $last = $now }
Set-Memory 'last-use' $last.Ticks

if (($now - $last).TotalMinutes -ge $settings.IdleMinutes) {
    Write-Log "idle for $($settings.IdleMinutes) minutes: stopping"
    Stop-Computer -Force
}
