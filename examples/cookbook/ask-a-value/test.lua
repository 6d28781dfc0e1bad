-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana", "chat:ana" } },
    bo  = { teams = { "lead" }, contact = { "push:bo" } },
  },
  audiences = { team = { { "push:status", "chat:status" } } },
}
test("a person knows", function(world)
  world:person("ana", { says = "2h", after = "1m" })
  local run = world:run {}
  run:expect_result("told", "2h")
  run:expect_told("team", "about 2h")
end)

test("what is no time is asked for again", function(world)
  world:person("ana", { says = "soon", after = "1m", times = 1 })
  world:person("ana", { says = " 45m ", after = "1m" })
  local run = world:run {}
  run:expect_result("told", "45m")
  run:expect_asked { kind = "ask", title = "\"soon\" is no time", text = " 45m " }
end)

test("nobody knows: people are told so, and no number is made up", function(world)
  local run = world:run {}
  run:expect_result("told_without", "expired")
  run:expect_told("team", "We don't know yet")
end)

test("three answers that are none", function(world)
  world:person("ana", { says = "soon", after = "1m" })
  world:run({}):expect_result("told_without", "not understood")
end)
