-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana", "chat:ana" } },
    bo  = { teams = { "lead" }, contact = { "push:bo" } },
  },
  audiences = { team = { { "push:status", "chat:status" } } },
  domains = { ["example.com"] = { provider = "dns", standby = "mx-b.example.net" }, ["example.org"] = { provider = "dns", standby = "mx-b.example.net" } },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" } },
}
ordinary(function(world)
  world:mx("example.com", "10 mx-a.example.com", 300)
  world:mx("example.org", "10 mx-a.example.org", 300)
end)

test("one after the other", function(world)
  world:person("ana", { says = "yes", after = "1m" })
  world:run({ domain = "example.com" }):expect_result("moved")
  world:run({ domain = "example.com", standby = "mx-c.example.net" }):expect_result("moved")
end)

-- Ana agrees, but the machine stands still until that is twenty minutes old: the run parks, and asks once more.
local function parked(world)
  world:person("ana", { says = "yes", after = "10m", times = 1 })
  world:at("5m"):host_sleeps("25m")
  local run = world:run { domain = "example.com" }
  run:expect_parked("stale")
  return run
end

test("a run that waits for a person keeps its lock: a second one is refused", function(world)
  local run = parked(world)
  local started, why = pcall(world.run, world, { domain = "example.com" })
  expect(started, false, "a second run of the same domain")
  expect(string.find(tostring(why), run.name, 1, true) ~= nil, true, "it says who holds it: " .. tostring(why))
end)

test("another domain is not in the way", function(world)
  parked(world)
  world:person("ana", { says = "yes", after = "1m" })
  world:run({ domain = "example.org" }):expect_result("moved")
end)

test("who changes the zone without muster is noticed by only_if", function(world)
  world:person("ana", { says = "yes", after = "10m" })
  world:at("5m"):mx("example.com", "10 mx-c.example.com", 300)
  local run = world:run { domain = "example.com" }
  run:expect_result("error")
  run:expect_acts {}
end)
