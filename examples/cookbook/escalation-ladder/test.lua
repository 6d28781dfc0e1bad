-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana", "chat:ana" } },
    bo  = { teams = { "lead" }, contact = { "push:bo" } },
  },
  audiences = { team = { { "push:status", "chat:status" } } },
  ladders = { ["mail-oncall"] = { { page = "ana", ack_within = "5m" }, { page = "bo", ack_within = "10m" } } },
}
local ANA, BO = "page ana host-down", "page bo host-down"

test("the first one takes it", function(world)
  world:person("ana", { says = "yes", after = "2m" })
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("taken", "ana")
  run:expect_acts { ANA, "notify team taken" }
end)

test("the next one is paged when the first is silent", function(world)
  world:person("bo", { says = "yes", after = "1m" })
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("taken", "bo")
  run:expect_acts { ANA, BO, "notify team taken" }
  run:expect_took { at_least = "6m", at_most = "7m" }
end)

test("who can't be reached is passed over at once", function(world)
  world:fails("page", "refused", { target = "ana" })
  world:person("bo", { says = "yes", after = "1m" })
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("taken", "bo")
  run:expect_took { at_most = "2m" }
end)

test("nobody answers: everybody hears of it", function(world)
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("failed", "nobody took it")
  run:expect_acts { ANA, BO, "notify team nobody-took-it" }
end)
