-- Played in simulated worlds: nothing here is real, and nobody is told. muster test; docs/testing.md has every word.
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    @person@ = { teams = { "@owner@" }, contact = { "push:@person@", "chat:@person@" } },
    @other@ = { teams = { "@owner@" }, contact = { "push:@other@" } },
  },
@audiences@  ladders = { ["@ladder@"] = { { page = "@person@", ack_within = "5m" }, { page = "@other@", ack_within = "10m" } } },
}

local DOWN, DEGRADED, RESTORED = "page @person@ host-down", "notify @tell@ host-degraded", "notify @tell@ host-restored"

ordinary(function(world) world:mail_server("@host@", "192.0.2.25") end)

local function outage(world) world:smtp_down("@host@") end

test("the first one takes it; people are told until it is back", function(world)
  outage(world)
  world:person("@person@", { says = "yes", after = "1m" })
  world:at("45m"):smtp_up("@host@")
  local run = world:run {}
  run:expect_result("restored", "taken by @person@")
  run:expect_acts { DOWN, DEGRADED, DEGRADED, RESTORED }
  run:expect_milestones { "detected", "resolved" }
end)

test("a host that answers needs nobody", function(world)
  local run = world:run {}
  run:expect_result("no_action", "@host@ answers")
  run:expect_acts {}
end)

test("the next one is paged when the first does not answer in time", function(world)
  outage(world)
  world:person("@other@", { says = "yes", after = "2m" })
  world:at("20m"):smtp_up("@host@")
  local run = world:run {}
  run:expect_result("restored", "taken by @other@")
  run:expect_asked { kind = "ack", by = "@person@", how = "expired" }
  run:expect_told("@other@", "host-down")
end)

test("nobody answers: the whole team hears of it", function(world)
  outage(world)
  local run = world:run {}
  run:expect_result("failed", "nobody took it")
  run:expect_acts { DOWN, "page @other@ host-down", "notify @owner@ nobody-took-it" }
  run:expect_took { at_least = "15m", at_most = "16m" }
end)

test("a channel that is down is no reason not to page", function(world)
  outage(world)
  world:channel("push", "down")
  world:person("@person@", { says = "yes", after = "1m" }) -- over the second contact point
  world:at("10m"):smtp_up("@host@")
  world:run({}):expect_result("restored", "taken by @person@")
end)

test("a host that comes and goes is not back", function(world)
  outage(world)
  world:person("@person@", { says = "yes", after = "1m" })
  world:at("10m"):smtp("@host@", "up", { lasts = "70s" }) -- long enough for two looks, not for three
  world:at("20m"):smtp_up("@host@")
  local run = world:run {}
  run:expect_result("restored")
  run:expect_took { at_least = "21m", at_most = "22m" }
end)

test("busy is not up", function(world)
  outage(world)
  world:person("@person@", { says = "yes", after = "1m" })
  world:at("5m"):smtp("@host@", "busy")
  local run = world:run { limit = "1h" }
  run:expect_result("failed", "still down after 1h")
  run:expect_told("@owner@", "still-down")
  run:expect_not_told("@tell@", "host-restored")
end)
