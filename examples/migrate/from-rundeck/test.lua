-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana", "chat:ana" } },
    bo  = { teams = { "ops" }, contact = { "push:bo" } },
  },
  audiences = { team = { { "push:status", "chat:status" } } },
  ladders = { oncall = { { page = "ana", ack_within = "5m" }, { page = "bo", ack_within = "5m" } } },
}
ordinary(function(world) world:mail_server("mx-a.example.com", "192.0.2.10", "refused") end)

test("the first one takes it", function(world)
  world:person("ana", { says = "yes", after = "1m" })
  local run = world:run {}
  run:expect_result("taken", "ana")
  run:expect_acts { "page ana host-down" }
end)

test("nobody takes it", function(world)
  local run = world:run {}
  run:expect_result("failed", "nobody took it")
  run:expect_told("team", "nobody")
end)

test("up is up, and busy is not down", function(world)
  world:smtp_up("mx-a.example.com")
  world:run({}):expect_acts {}
  world:smtp("mx-a.example.com", "busy")
  world:run({}):expect_acts {}
end)
