-- Played in simulated worlds: nothing here is real, and nobody is told. muster test; docs/testing.md has every word.
config {
  smtp = { control = { "mx.control.example" } },          -- "is it me?"
  domains = { ["@domain@"] = { recipient = "postmaster@@domain@" } },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = { @person@ = { teams = { "@owner@" }, contact = { "push:@person@", "chat:@person@" } } },
@audiences@}

local FAILING, RESTORED = "notify @tell@ mail-failing", "notify @tell@ mail-restored"

ordinary(function(world) -- a day when all is well
  world:mx("@domain@", "10 mx.primary.example", 3600)
  world:mail_server("mx.primary.example", "192.0.2.10")
  world:mail_server("mx.control.example", "203.0.113.5")
end)

test("tells people when it begins and when it is over", function(world)
  world:smtp_down("mx.primary.example")
  world:at("30m"):smtp_up("mx.primary.example")
  local run = world:run {}
  run:expect_result("told", "after 33m")
  run:expect_acts { FAILING, RESTORED }
  run:expect_told("@tell@", "late, not lost")
  run:expect_milestones { "detected", "resolved" }
end)

test("says nothing while mail gets in", function(world)
  local run = world:run {}
  run:expect_result("no_action", "UP")
  run:expect_acts {}
end)

test("mail that is refused is lost: people are told so", function(world)
  world:smtp("mx.primary.example", "rejecting")
  world:at("10m"):smtp_up("mx.primary.example")
  local run = world:run {}
  run:expect_told("@tell@", "Mail sent now bounces")
end)

test("busy is no outage", function(world)
  world:smtp("mx.primary.example", "busy")
  local run = world:run {}
  run:expect_result("inconclusive")
  run:expect_acts {}
end)

test("an outage of our own network alarms nobody", function(world)
  world:smtp_down("mx.primary.example")
  world:smtp_down("mx.control.example")
  local run = world:run {}
  run:expect_result("inconclusive")
  run:expect_acts {}
end)

test("a server that comes and goes is not back", function(world)
  world:smtp_down("mx.primary.example")
  world:at("10m"):smtp("mx.primary.example", "up", { lasts = "150s" }) -- long enough for two looks, not for three
  world:at("30m"):smtp_up("mx.primary.example")
  world:run({}):expect_took { at_least = "32m", at_most = "34m" }
end)

test("not over in time: its owner takes over", function(world)
  world:smtp_down("mx.primary.example")
  local run = world:run { limit = "1h" }
  run:expect_result("failed", "still fails after 1h")
  run:expect_acts { FAILING, "notify @owner@ mail-still-failing" }
end)

test("a channel that is down: the next one is taken", function(world)
  world:smtp_down("mx.primary.example")
  world:channel("push", "down")
  local run = world:run { limit = "10m" }
  run:expect_told("@owner@", "mail-still-failing")
end)
