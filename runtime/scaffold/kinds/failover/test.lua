-- Played in simulated worlds: nothing here is real, and nobody is told. muster test; docs/testing.md has every word.
config {
  smtp = { control = { "mx.control.example" } },          -- "is it me?"
  domains = { ["@domain@"] = { provider = "dns", primary = { "mx.primary.example" }, standby = "mx.standby.example",
                             recipient = "postmaster@@domain@" } },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" } },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    @person@ = { teams = { "@ask@" }, contact = { "push:@person@" } },
    @other@ = { teams = { "@owner@" }, contact = { "push:@other@" } },
  },
@audiences@}

local FAILING, RESTORED = "notify @tell@ mail-failing", "notify @tell@ mail-restored"
local MOVED = "zone.set_mx @domain@ 10 mx.standby.example"

ordinary(function(world) -- a day when all is well
  world:nameservers("@domain@", "ns1.example.org", "ns2.example.org")
  world:mx("@domain@", "10 mx.primary.example", 3600)
  world:mail_server("mx.primary.example", "192.0.2.10")
  world:mail_server("mx.standby.example", "198.51.100.21")
  world:mail_server("mx.control.example", "203.0.113.5")
end)

local function outage(world) world:smtp_down("mx.primary.example") end

test("moves the MX when a person says yes, and mail flows", function(world)
  outage(world)
  world:person("@person@", { says = "yes", after = "2m", why = "DC2 lost power" })
  local run = world:run {}
  run:expect_result("failed_over", "via mx.standby.example")
  run:expect_acts { FAILING, MOVED, RESTORED }
  run:expect_asked { by = "@ask@", who = "@person@", how = "approved", reason = "DC2 lost power" }
  run:expect_milestones { "detected", "decided", "mitigated", "resolved" }
  run:expect_undo { "Put the old MX rrset back" }
end)

test("touches nothing while mail flows", function(world)
  local run = world:run {}
  run:expect_result("no_action")
  run:expect_acts {}
  run:expect_not_asked()
end)

test("a server that is busy is no outage", function(world)
  world:smtp("mx.primary.example", "busy")
  local run = world:run {}
  run:expect_result("no_action", "INCONCLUSIVE")
  run:expect_acts {}
end)

test("an outage of our own network is no outage of theirs", function(world)
  outage(world)
  world:smtp_down("mx.control.example")
  world:run({}):expect_result("no_action", "our own port 25")
end)

test("a no is a no", function(world)
  outage(world)
  world:person("@person@", { says = "no", after = "1m", why = "it comes back in ten minutes" })
  local run = world:run {}
  run:expect_result("declined", "it comes back in ten minutes")
  run:expect_acts { FAILING }
end)

test("nobody answers: nothing is moved", function(world)
  outage(world)
  local run = world:run {}
  run:expect_result("expired")
  run:expect_acts { FAILING }
  run:expect_took { at_least = "10m", at_most = "11m" }
end)

test("a standby that is down is not moved to; its owner hears of it", function(world)
  outage(world)
  world:smtp_down("mx.standby.example")
  local run = world:run {}
  run:expect_result("failed", "mx.standby.example")
  run:expect_acts { FAILING, "notify @owner@ standby-unfit" }
  run:expect_not_asked()
end)

test("moved, and still no mail: people are told so, and it can be taken back", function(world)
  outage(world)
  world:person("@person@", { says = "yes", after = "2m" })
  world:at("90s"):smtp_down("mx.standby.example") -- between the pre-flight and the change
  local run = world:run {}
  run:expect_result("failed", "no mail flows after 15m")
  run:expect_acts { FAILING, MOVED, "notify @owner@ still-failing" }
  run:expect_undo { "Put the old MX rrset back" }
  world:undo(run):expect_acts { "zone.set_mx @domain@ 10 mx.primary.example" }
end)

test("a colleague's change in the meantime is not written over", function(world)
  outage(world)
  world:person("@person@", { says = "yes", after = "2m" })
  world:at("1m"):mx("@domain@", "10 mx.other.example", 300)
  local run = world:run {}
  run:expect_result("error")
  run:expect_acts { FAILING }
end)

test("a drill of the silent primary is good when people answer in time", function(world)
  world:person("@person@", { says = "yes", after = "2m" })
  local run = world:drill({}, { scenario = "primary-silent" })
  run:expect_scorecard { "result failed_over", "notify @tell@ mail-failing", "zone.set_mx @domain@", "notify @tell@ mail-restored",
                         "detect within 5m", "decide within 10m", "mitigate within 15m" }
end)
