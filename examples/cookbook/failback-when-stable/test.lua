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
local BACK = "zone.set_mx example.com 10 mx-a.example.com"
local ASK = { domain = "example.com", primary = "mx-a.example.com" }

ordinary(function(world)
  world:mx("example.com", "10 mx-b.example.net", 300)
  world:mail_server("mx-a.example.com", "192.0.2.10", "timeout")
  world:person("ana", { says = "yes", after = "1m" })
end)

test("goes back half an hour behind the first good answer", function(world)
  world:at("2h"):smtp_up("mx-a.example.com")
  local run = world:run(ASK)
  run:expect_result("back")
  run:expect_acts { BACK }
  run:expect_took { at_least = "150m", at_most = "155m" }
end)

test("one that comes and goes is not back", function(world)
  world:at("1h"):smtp("mx-a.example.com", "up", { lasts = "25m" })
  world:at("3h"):smtp_up("mx-a.example.com")
  world:run(ASK):expect_took { at_least = "210m", at_most = "215m" }
end)

test("one that is busy in between begins anew", function(world)
  world:at("1h"):smtp_up("mx-a.example.com")
  world:at("85m"):smtp("mx-a.example.com", "busy", { lasts = "90s" })
  world:run(ASK):expect_took { at_least = "115m", at_most = "125m" }
end)

test("never well: nobody is asked", function(world)
  local run = world:run(ASK)
  run:expect_result("no_action", "was not up for 30m")
  run:expect_not_asked()
  run:expect_acts {}
end)
