-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana", "chat:ana" } },
    bo  = { teams = { "lead" }, contact = { "push:bo" } },
  },
  audiences = { team = { { "push:status", "chat:status" } } },
  domains = { ["a.example"] = { provider = "dns" }, ["b.example"] = { provider = "dns" }, ["c.example"] = { provider = "other" } },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" },
                other = { driver = "powerdns", url = "https://other.example.org", key = "not-a-real-key" } },
}
local ALL = { domains = { "a.example", "b.example", "c.example" } }

ordinary(function(world)
  for _, domain in ipairs(ALL.domains) do world:mx(domain, "10 mx." .. domain, 86400) end
end)

test("all of them", function(world)
  local run = world:run(ALL)
  run:expect_result("done", "3 domains")
  expect(#run.undo, 3, "what can be taken back")
end)

test("a provider that is down does not stop the others", function(world)
  world:provider("other", "timeout")
  local run = world:run(ALL)
  run:expect_result("failed", "1 of 3 failed")
  run:expect_finding("high", "c.example")
  run:expect_told("team", "c.example: other: no answer in time")
  expect(#run.undo, 2, "what can be taken back")
end)

test("a change that is refused does not stop the others", function(world)
  world:fails("zone.set_mx", "refused", { target = "a.example", why = "locked by the owner" })
  local run = world:run(ALL)
  run:expect_result("failed", "1 of 3 failed")
  run:expect_told("team", "locked by the owner")
  run:expect_finding("high", "a.example")
end)
