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
local MOVED = "zone.set_mx example.com 10 mx-b.example.net"

ordinary(function(world)
  world:nameservers("example.com", "ns1.example.org", "ns2.example.org")
  world:mx("example.com", "10 mx-a.example.com", 3600)
end)

test("waits for the TTL that was there before", function(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("everywhere")
  run:expect_acts { MOVED, "notify team moved" }
  run:expect_took { at_least = "1h", at_most = "61m" }
  run:expect_told("team", "until 2026-01-05T10:00:00Z")
end)

test("waits for a name server that lags", function(world)
  world:mx("example.com", "10 mx-a.example.com", 60)
  world:dns_lags("ns2.example.org", "5m")
  local run = world:run { domain = "example.com" }
  run:expect_result("everywhere")
  run:expect_took { at_least = "5m", at_most = "6m" }
end)

test("a name server that never follows is named", function(world)
  world:dns_lags("ns2.example.org", "1d")
  world:run({ domain = "example.com" }):expect_result("error", "ns2.example.org")
end)

test("a resolver that keeps it longer than it may", function(world)
  world:mx("example.com", "10 mx-a.example.com", 3600, { at = "resolver", lasts = "1d" })
  local run = world:run { domain = "example.com" }
  run:expect_result("served", "longer than its TTL")
  run:expect_finding("warn", "resolver")
end)
