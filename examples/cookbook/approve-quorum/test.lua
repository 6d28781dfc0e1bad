-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana", "chat:ana" } },
    bo  = { teams = { "lead" }, contact = { "push:bo" } },
    cleo = { teams = { "lead" }, contact = { "push:cleo" } },
  },
  audiences = { team = { { "push:status", "chat:status" } } },
  domains = { ["example.com"] = { provider = "dns", standby = "mx-b.example.net" } },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" } },
}
local MOVED = "zone.set_mx example.com 10 mx-b.example.net"

ordinary(function(world) world:mx("example.com", "10 mx-a.example.com", 300) end)

test("two people say yes", function(world)
  world:person("ana", { says = "yes", after = "1m" })
  world:person("bo", { says = "yes", after = "3m" })
  local run = world:run({ domain = "example.com" }, { by = "cron" })
  run:expect_result("moved", "agreed by ana and bo")
  run:expect_acts { MOVED }
  run:expect_took { at_least = "3m", at_most = "4m" }
end)

test("one is not enough", function(world)
  world:person("ana", { says = "yes", after = "1m" })
  local run = world:run({ domain = "example.com" }, { by = "cron" })
  run:expect_result("expired")
  run:expect_acts {}
end)

test("who started it does not count", function(world)
  world:person("ana", { says = "yes", after = "1m" })
  world:person("bo", { says = "yes", after = "2m" })
  local run = world:run({ domain = "example.com" }, { by = "ana" })
  run:expect_result("expired")
  run:expect_acts {}
end)

test("one no is a no", function(world)
  world:person("ana", { says = "yes", after = "1m" })
  world:person("bo", { says = "no", after = "2m", why = "mx-a is back" })
  local run = world:run({ domain = "example.com" }, { by = "cron" })
  run:expect_result("declined", "mx-a is back")
  run:expect_acts {}
end)
