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
local LOWERED = "zone.set_mx example.com 10 mx-a.example.com"

ordinary(function(world) -- it is 09:00 UTC
  world:mx("example.com", "10 mx-a.example.com", 86400)
end)

local function agreed(world) world:person("ana", { says = "yes", after = "30m" }) end

test("waits until the evening", function(world)
  agreed(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("lowered")
  run:expect_acts { LOWERED }
  run:expect_took { at_least = "13h", at_most = "781m" }
end)

test("does it at once inside the window", function(world)
  agreed(world)
  local run = world:run { domain = "example.com", opens = 9 }
  run:expect_result("lowered")
  run:expect_took { at_least = "30m", at_most = "31m" }
end)

test("a window over midnight", function(world)
  agreed(world)
  world:run({ domain = "example.com", opens = 23, hours = 12 }):expect_took { at_least = "30m", at_most = "31m" }
end)

test("an answer that takes too long waits for the next day", function(world)
  world:person("ana", { says = "yes", after = "3h" })
  world:run({ domain = "example.com", opens = 9, hours = 2 }):expect_took { at_least = "24h", at_most = "1441m" }
end)

test("a no by day leaves the night alone", function(world)
  world:person("ana", { says = "no", after = "1h", why = "release night" })
  local run = world:run { domain = "example.com" }
  run:expect_result("declined", "release night")
  run:expect_acts {}
end)
