-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana", "chat:ana" } },
    bo  = { teams = { "lead" }, contact = { "push:bo" } },
  },
  audiences = { team = { { "push:status", "chat:status" } } },
}
local ASK = { domain = "example.com", host = "mx-a.example.com" }

ordinary(function(world)
  for _, resolver in ipairs { "192.0.2.1", "192.0.2.2", "192.0.2.3" } do
    world:mx("example.com", "10 mx-a.example.com", 300, { at = resolver })
  end
end)

local function gone(world, resolver) world:mx("example.com", "10 mx-x.example.com", 300, { at = resolver }) end

test("all see it", function(world)
  local run = world:run(ASK)
  run:expect_result("there", "3 see it")
  run:expect_acts {}
end)

test("one that is wrong is outvoted", function(world)
  gone(world, "192.0.2.1")
  world:run(ASK):expect_result("there", "2 see it")
end)

test("one that is silent is outvoted", function(world)
  world:dns_silent("192.0.2.2")
  world:run(ASK):expect_result("there", "2 see it")
end)

test("two don't see it: people are told", function(world)
  gone(world, "192.0.2.1")
  gone(world, "192.0.2.3")
  local run = world:run(ASK)
  run:expect_result("gone", "2 of 3")
  run:expect_told("team", "2 of 3 resolvers")
end)

test("too few answer: nobody is alarmed", function(world)
  world:dns_silent("192.0.2.1")
  world:dns_silent("192.0.2.2")
  gone(world, "192.0.2.3")
  local run = world:run(ASK)
  run:expect_result("inconclusive")
  run:expect_acts {}
end)
