-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana", "chat:ana" } },
    bo  = { teams = { "lead" }, contact = { "push:bo" } },
  },
  audiences = { team = { { "push:status", "chat:status" } } },
}
local DOWN, BACK = "notify team still-down", "notify team back"

ordinary(function(world) world:mail_server("mx1.example.com", "192.0.2.10", "refused") end)

test("told at once, every half hour, and at the end", function(world)
  world:at("65m"):smtp_up("mx1.example.com")
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("back", "1h06m")
  run:expect_acts { DOWN, DOWN, DOWN, BACK }
end)

test("a channel that is down for a while ends nothing", function(world)
  world:at("20m"):channel("push", "down", { lasts = "20m" })
  world:at("20m"):channel("chat", "down", { lasts = "20m" })
  world:at("65m"):smtp_up("mx1.example.com")
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("back")
  run:expect_acts { DOWN, DOWN, BACK }
end)

test("over before the first update", function(world)
  world:at("5m"):smtp_up("mx1.example.com")
  world:run({ host = "mx1.example.com" }):expect_acts { DOWN, BACK }
end)

test("never over", function(world)
  local run = world:run { host = "mx1.example.com", update = "6h" }
  run:expect_result("failed", "still down after 12h")
  run:expect_not_told("team", "back")
end)
