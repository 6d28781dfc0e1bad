-- The team's configuration: muster.lua(5), docs/configuration.md. Read by muster serve and by everybody's muster;
-- secrets lie in files that the account muster alone can read (keys/). After a change: systemctl reload muster
return {
  state = "/var/lib/muster",
  playbooks = { "/etc/muster/playbooks" },
  serve = { socket = "/run/muster/serve.sock", group = "muster" }, -- who is in the group may ask: adduser ana muster
  -- people    = { ana = { account = "ana", teams = { "incident-lead" }, contact = { "push:ana" } } },
  -- channels  = { push = { kind = "ntfy", url = "https://ntfy.example.org", token = secret.file "keys/ntfy" } },
  -- domains   = { ["example.com"] = { provider = "dns", standby = "mx-standby.example.net" } },
  -- providers = { dns = { driver = "powerdns", url = "https://dns.example.org:8081", key = secret.file "keys/dns" } },
  -- watched   = { ["mx-failover"] = { { domain = "example.com" } } },
}
