# Maps the shares for whoever logs in. The file gateway starts with the desktop and may be slower.
. (Join-Path $PSScriptRoot 'common.ps1')

$password = $null
foreach ($attempt in 1..90) {
    try {
        $missing = @($settings.Shares.Keys | Where-Object {
                (Get-SmbMapping -LocalPath "${_}:" -ErrorAction SilentlyContinue).Status -ne 'OK'
            })
        if ($missing.Count -eq 0) { break }
        $who = @{}
        if ($settings.ShareSecret) {
            if (-not $password) {
                $password = Invoke-Aws @('secretsmanager', 'get-secret-value', '--secret-id',
                    $settings.ShareSecret, '--query', 'SecretString')
            }
            $who = @{ UserName = $settings.ShareUser; Password = $password }
        }
        foreach ($letter in $missing) {
            Remove-SmbMapping -LocalPath "${letter}:" -Force -ErrorAction SilentlyContinue
            New-SmbMapping -LocalPath "${letter}:" -RemotePath $settings.Shares[$letter] `
                -RequirePrivacy $true -Persistent $false @who | Out-Null
        }
    } catch {
        Write-Log "log-in: $_"
        $password = $null  # it may have been changed
    }
    Start-Sleep -Seconds 10
}
