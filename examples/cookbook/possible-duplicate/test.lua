-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana", "chat:ana" } },
    bo  = { teams = { "lead" }, contact = { "push:bo" } },
  },
  audiences = { team = { { "push:status", "chat:status" } } },
}
test("all goes well", function(world)
  world:result("http.post", { status = 201, json = { number = "DC-881" } })
  local run = world:run {}
  run:expect_result("opened", "DC-881")
  run:expect_acts { "notify team ticket-comes", "http.post https://tickets.example.net/new" }
end)

test("the reply to the message is lost: it is sent again, and marked", function(world)
  world:fails("notify", "lost", { times = 1 })
  local run = world:run {}
  run:expect_result("opened")
  run:expect_acts { "notify team ticket-comes", "http.post https://tickets.example.net/new" }
  local again
  for _, row in ipairs(run.rows) do again = again or row.verb == "again" and row.value end
  expect(string.find(again.why, "possible duplicate", 1, true) ~= nil, true, "it is marked: " .. again.why)
end)

test("the reply of the ticket system is lost: a person decides", function(world)
  world:fails("http.post", "lost", { times = 1 })
  local run = world:run {}
  run:expect_parked("in_doubt")
end)
