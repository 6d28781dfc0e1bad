-- Played in simulated worlds: nothing here is real, and nobody is told. muster test; docs/testing.md has every word.
config {
  smtp = { control = { "mx.control.example" } },          -- "is it me?"
  domains = { ["@domain@"] = { recipient = "postmaster@@domain@" } },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    @person@ = { teams = { "@ask@" }, contact = { "push:@person@" } },
    @other@ = { teams = { "@owner@" }, contact = { "push:@other@" } },
  },
@audiences@}

local RESTORED, STUCK = "notify @tell@ mail-restored", "notify @owner@ runbook-stuck"

ordinary(function(world) -- an outage: that is what a runbook is for
  world:mx("@domain@", "10 mx.primary.example", 3600)
  world:mail_server("mx.primary.example", "192.0.2.10", "refused")
  world:mail_server("mx.control.example", "203.0.113.5")
end)

-- A person does the two steps, then names the cause.
local function works(world)
  world:person("@person@", { says = "yes", after = "5m", why = "DC-881", times = 2 })
  world:person("@person@", { says = "a full disk", after = "2m" })
end

test("people do it step by step, and mail gets in again", function(world)
  works(world)
  world:at("10m"):smtp_up("mx.primary.example")
  local run = world:run {}
  run:expect_result("restored", "a full disk")
  run:expect_acts { RESTORED }
  run:expect_asked { kind = "todo", title = "Open a ticket", who = "@person@", how = "done", reason = "DC-881" }
  run:expect_finding("info", "a full disk")
end)

test("nothing to do while mail gets in", function(world)
  world:smtp_up("mx.primary.example")
  local run = world:run {}
  run:expect_result("no_action")
  run:expect_not_asked()
end)

test("nobody does the first step", function(world)
  local run = world:run {}
  run:expect_result("failed", "Open a ticket with the provider: expired")
  run:expect_acts { STUCK }
  run:expect_took { at_least = "30m", at_most = "31m" }
end)

test("a step that can't be done", function(world)
  world:person("@person@", { says = "yes", after = "1m", times = 1 })
  world:person("@person@", { says = "no", after = "1m", why = "no access to the host" })
  local run = world:run {}
  run:expect_result("failed", "Restart the mail service: declined: no access to the host")
  run:expect_told("@owner@", "no access to the host")
end)

test("nobody knows the cause: that is said, too", function(world)
  world:person("@person@", { says = "yes", after = "5m", times = 2 })
  world:person("@person@", { says = "nothing" })
  world:at("10m"):smtp_up("mx.primary.example")
  local run = world:run {}
  run:expect_result("restored", "not known yet")
end)

test("all is done, and it was no use", function(world)
  works(world)
  local run = world:run {}
  run:expect_result("failed", "no mail gets in")
  run:expect_acts { "notify @owner@ runbook-no-use" }
end)
