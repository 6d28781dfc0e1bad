-- SPDX-License-Identifier: MIT
config {
  smtp = { control = { "mx.control.example" } },
  domains = {
    ["example.com"] = { provider = "dns", standby = "mx-standby.example.net", recipient = "postmaster@example.com" },
  },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" } },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { name = "Ana Ruiz", teams = { "incident-lead", "mail-platform" }, contact = { "push:ana", "chat:ana" } },
    bo  = { name = "Bo Lind", teams = { "duty-manager" }, contact = { "push:bo" } },
  },
  audiences = { stakeholders = { "chat:status" } },
  ladders = { ["mail-oncall"] = { { page = "ana", ack_within = "5m" }, { page = "bo", ack_within = "5m" } } },
}

-- Both exchangers are silent, the control target answers, the standby would take mail.
local function outage(world)
  world:nameservers("example.com", "ns1.example.org", "ns2.example.org")
  world:mx("example.com", { "10 mx1.example.com", "20 mx2.example.com" }, 3600)
  world:mail_server("mx1.example.com", "192.0.2.10", "timeout")
  world:mail_server("mx2.example.com", "192.0.2.11", "refused")
  world:mail_server("mx-standby.example.net", "198.51.100.21")
  world:mail_server("mx.control.example", "203.0.113.5")
end

test("moves the MX to the standby, and mail flows", function(world)
  outage(world)
  world:person("ana", { says = "yes", after = "2m", why = "DC2 lost power" })
  local run = world:run { domain = "example.com" }
  run:expect_result("failed_over", "via mx-standby.example.net")
  run:expect_acts { "notify stakeholders mail-failing", "zone.set_mx example.com 10 mx-standby.example.net", "notify stakeholders mail-restored" }
  run:expect_asked { title = "Point example.com at mx-standby.example.net?", who = "ana", how = "approved", reason = "DC2 lost power" }
  run:expect_milestones { "detected", "decided", "mitigated", "resolved" }
  run:expect_undo { "Put the old MX rrset back" }
  run:expect_took { at_least = "2m", at_most = "5m" }
end)

test("touches nothing while mail flows", function(world)
  outage(world)
  world:smtp_up("mx2.example.com")
  local run = world:run { domain = "example.com" }
  run:expect_result("no_action")
  run:expect_acts {}
  run:expect_not_asked()
end)
