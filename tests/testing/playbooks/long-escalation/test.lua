-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" } },
  people = {
    ana = { name = "Ana Ruiz", teams = { "mail-platform" }, contact = { "push:ana" } },
    bo  = { name = "Bo Lind", teams = { "duty-manager" }, contact = { "push:bo" } },
  },
  audiences = { stakeholders = { "push:status" } },
  ladders = { ["mail-oncall"] = { { page = "ana", ack_within = "5m" }, { page = "bo", ack_within = "10m" } } },
}

test("thirty days in which nobody answers", function(world)
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("failed", "nobody took it in 117 rounds")
  run:expect_took { at_least = "30d", at_most = "31d" }
  local pages, told = 0, 0
  for _, act in ipairs(run.acts) do
    pages = pages + (act.verb == "page" and 1 or 0)
    told = told + (act.verb == "notify" and 1 or 0)
  end
  expect(pages, 234, "pages")
  expect(told, 30, "messages to stakeholders, one a day")
  expect(#run.asked, 234, "questions that ran out")
end)

test("on the twentieth day somebody is back from leave", function(world)
  world:at("20d"):person("bo", { says = "yes", after = "9m" })
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("taken", "bo after 78 rounds")
  run:expect_took { at_least = "20d", at_most = "21d" }
end)
