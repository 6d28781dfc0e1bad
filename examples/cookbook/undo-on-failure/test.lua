-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana", "chat:ana" } },
    bo  = { teams = { "lead" }, contact = { "push:bo" } },
  },
  audiences = { team = { { "push:status", "chat:status" } } },
  domains = { ["example.com"] = { provider = "dns", standby = "mx-b.example.net" } },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" } },
}
local MOVED, BACK = "zone.set_mx example.com 10 mx-b.example.net", "zone.set_mx example.com 10 mx-a.example.com"

ordinary(function(world)
  world:mx("example.com", "10 mx-a.example.com", 300)
  world:mail_server("mx-a.example.com", "192.0.2.10", "timeout")
  world:mail_server("mx-b.example.net", "198.51.100.21")
end)

test("it helps, and can still be undone", function(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("moved")
  run:expect_acts { MOVED }
  run:expect_undo { "Put the old MX back" }
  world:undo(run):expect_acts { BACK }
end)

test("it does not help, and a person agrees to go back", function(world)
  world:smtp_down("mx-b.example.net")
  world:person("ana", { says = "yes", after = "1m", why = "no use" })
  local run = world:run { domain = "example.com" }
  run:expect_result("taken_back", "no use")
  run:expect_acts { MOVED, BACK }
end)

test("nobody answers: it stays, and is still offered", function(world)
  world:smtp_down("mx-b.example.net")
  local run = world:run { domain = "example.com" }
  run:expect_result("failed", "expired")
  run:expect_acts { MOVED }
  run:expect_undo { "Put the old MX back" }
end)

test("what a colleague wrote in the meantime stays", function(world)
  world:smtp_down("mx-b.example.net")
  world:person("ana", { says = "yes", after = "5m" })
  world:at("17m"):mx("example.com", "10 mx-c.example.com", 300)
  local run = world:run { domain = "example.com" }
  run:expect_result("error")
  run:expect_acts { MOVED }
end)
