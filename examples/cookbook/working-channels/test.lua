-- SPDX-License-Identifier: MIT
config {
  channels = {
    relay = { kind = "email", relay = "mail.example.com:587", from = "us@example.com" }, -- inside the failing domain!
    page  = { kind = "slack", url = "https://hooks.example.org/status" },
    push  = { kind = "ntfy", url = "https://push.example.org" },
  },
  people = { ana = { teams = { "ops" }, contact = { "push:ana" } } },
  audiences = { customers = { { "relay:list@example.net", "page" } }, team = { "push:team" } },
}

test("mail about the outage does not travel through it", function(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("told")
  run:expect_told("customers", "mail-late")
  expect(run.acts[1].value.sent[1].channel, "page", "the channel that was taken")
end)

test("another domain: the e-mail goes out", function(world)
  local run = world:run { domain = "example.org" }
  run:expect_result("told")
  expect(run.acts[1].value.sent[1].channel, "relay", "the channel that was taken")
end)

test("nothing reaches them: the team hears of that", function(world)
  world:channel("page", "down")
  local run = world:run { domain = "example.com" }
  run:expect_result("told_the_team")
  run:expect_told("team", "customers-not-told")
  run:expect_finding("high", "customers")
end)
