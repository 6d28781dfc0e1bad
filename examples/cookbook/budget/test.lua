-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana", "chat:ana" } },
    bo  = { teams = { "lead" }, contact = { "push:bo" } },
  },
  audiences = { team = { { "push:status", "chat:status" } } },
}
local IS = "notify team host-is"

ordinary(function(world) world:mail_server("mx1.example.com", "192.0.2.10") end)

test("a host that fails once", function(world)
  world:at("10m"):smtp_down("mx1.example.com")
  world:at("20m"):smtp_up("mx1.example.com")
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("over", "it was up last")
  run:expect_acts { IS, IS, IS }
end)

test("a host that flaps: ten messages, then a person is asked", function(world)
  for minute = 1, 60, 2 do
    world:at(minute .. "m"):smtp_down("mx1.example.com")
    world:at(minute + 1 .. "m"):smtp_up("mx1.example.com")
  end
  local run = world:run { host = "mx1.example.com" }
  run:expect_parked("budget")
  expect(#run.acts, 10, "messages")
end)
