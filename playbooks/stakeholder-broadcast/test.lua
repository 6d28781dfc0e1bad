-- SPDX-License-Identifier: MIT
config {
  channels = { mail = { kind = "email", relay = "mail.oncall.example:587", from = "muster@oncall.example" }, push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" },
               page = { kind = "ntfy", url = "https://status.example.org" } },
  people = {
    ana  = { name = "Ana Ruiz", teams = { "incident-lead", "mail-platform" }, contact = { "push:ana" } },
    bo   = { name = "Bo Lind", teams = { "duty-manager" }, contact = { "push:bo" } },
    cleo = { name = "Cleo Adeyemi", teams = { "duty-manager" }, contact = { "push:cleo" } },
  },
  audiences = { stakeholders = { { "mail:board@example.com", "chat:board" } }, customers = { "page:status" } },
}

local WHAT = "Mail to example.com is delayed"
local function update(audience, state) return "notify " .. audience .. " " .. state end

local function says(run, template, words, nth)
  local left = nth or 1
  for _, one in ipairs(run.told) do
    left = left - (one.template == template and 1 or 0)
    if left == 0 then
      expect(string.find(one.subject .. "\n" .. one.text, words, 1, true) ~= nil, true, template .. " says: " .. words .. "; not: " .. one.text)
      return
    end
  end
  expect(template, "sent", "a message")
end

-- ana says how it goes, one after the other, each so long after she was asked.
local function news(world, after, ...)
  for _, text in ipairs({ ... }) do world:person("ana", { says = text, after = after, times = 1 }) end
  world:person("ana", { says = "nothing" })
end

test("from investigating to resolved", function(world)
  news(world, "10m", "identified: a power cut in DC2", "Monitoring : the standby takes the mail", "resolved")
  local run = world:run { domain = "example.com", what = WHAT }
  run:expect_result("resolved", "after 30m")
  run:expect_acts { update("stakeholders", "investigating"), update("stakeholders", "identified"), update("stakeholders", "monitoring"), update("stakeholders", "resolved") }
  run:expect_steps { "Tell: investigating", "How does it go?", "Tell: identified", "How does it go?", "Tell: monitoring", "How does it go?", "Tell: resolved" }
  run:expect_milestones { "investigating", "identified", "monitoring", "resolved" }
  run:expect_asked { kind = "ask", by = "incident-lead", who = "ana", text = "identified: a power cut in DC2", title = "told last: investigating" }
  says(run, "investigating", "Investigating: " .. WHAT)
  says(run, "investigating", "There is no news yet")
  says(run, "investigating", "Next update by 2026-01-05T09:30:00Z")
  says(run, "identified", "a power cut in DC2\n")
  says(run, "identified", "Next update by 2026-01-05T09:40:00Z")
  says(run, "monitoring", "the standby takes the mail\n")
  says(run, "resolved", "This is the last update.")
  run:expect_took { at_least = "30m", at_most = "31m" }
end)

test("no e-mail about it travels through the domain it is about", function(world)
  local run = world:run { domain = "example.com", what = WHAT, every = "6h" }
  expect(run.acts[1].value.sent[1].channel, "chat", "how stakeholders are told")
  run:expect_result("failed", "not resolved after 3d")
  run:expect_took { at_least = "3d", at_most = "73h" }
  for _, row in ipairs(run.rows) do
    if row.type == "i" and row.verb == "ask" then expect(row.value.show["what is wrong"], WHAT, "what the writer is shown") end
  end
end)

test("it may begin anywhere", function(world)
  local run = world:run { domain = "example.com", what = WHAT, state = "resolved" }
  run:expect_acts { update("stakeholders", "resolved") }
  news(world, "1m", "resolved")
  run = world:run { domain = "example.com", what = WHAT, state = "identified" }
  run:expect_acts { update("stakeholders", "identified"), update("stakeholders", "resolved") }
end)

test("no news is told as well, when it was promised", function(world)
  news(world, "29m", "the provider works on it")
  local run = world:run { domain = "example.com", what = WHAT, say = "We see timeouts since nine.", limit = "80m" }
  run:expect_acts { update("stakeholders", "investigating"), update("stakeholders", "investigating"), update("stakeholders", "investigating"), update("duty-manager", "broadcast-over") }
  says(run, "investigating", "We see timeouts since nine.", 1)
  says(run, "investigating", "the provider works on it", 2)
  says(run, "investigating", "There is no news yet", 3)
  run:expect_milestones { "investigating" }
  run:expect_asked { how = "expired" }
  run:expect_result("failed", "not resolved after 80m; the last state told is investigating")
  says(run, "broadcast-over", "After 80m the updates end")
  says(run, "broadcast-over", "\"investigating\"")
end)

test("a state is where it begins, and may go back", function(world)
  news(world, "5m", "IDENTIFIED: it was not that", "resolved: all mail is delivered")
  local run = world:run { domain = "example.com", what = WHAT, state = "monitoring", every = "20m" }
  run:expect_result("resolved", "after 10m")
  run:expect_milestones { "monitoring", "identified", "resolved" }
  says(run, "monitoring", "It looks well so far")
  says(run, "monitoring", "Next update by 2026-01-05T09:20:00Z")
  says(run, "resolved", "all mail is delivered")
end)

test("what is no state is said as it is", function(world)
  news(world, "5m", "note: the status page lags", "resolved")
  local run = world:run { domain = "example.com", what = WHAT }
  says(run, "investigating", "note: the status page lags", 2)
  run:expect_milestones { "investigating", "resolved" }
end)

test("a writer who can't say is no news", function(world)
  world:person("ana", { says = "no", after = "5m", why = "in a call", times = 1 })
  world:person("ana", { says = "resolved", after = "5m" })
  local run = world:run { domain = "example.com", what = WHAT }
  run:expect_acts { update("stakeholders", "investigating"), update("stakeholders", "investigating"), update("stakeholders", "resolved") }
end)

test("a writer who says nothing for long: the approver hears of it", function(world)
  local run = world:run { domain = "example.com", what = WHAT, limit = "110m" }
  run:expect_finding("warn", "incident-lead: has not said how it goes for 3 updates")
  run:expect_acts { update("stakeholders", "investigating"), update("stakeholders", "investigating"), update("stakeholders", "investigating"),
                    "notify duty-manager no-word", update("stakeholders", "investigating"), "notify duty-manager broadcast-over" }
  says(run, "no-word", "incident-lead has not said how it goes for 3 updates")
  says(run, "no-word", WHAT)
  expect(#run.findings, 1, "findings")
end)

test("a word in between makes the silence begin anew", function(world)
  world:person("ana", { says = "nothing", times = 1 })
  world:person("ana", { says = "still at it", after = "1m", times = 1 })
  world:person("ana", { says = "nothing", times = 1 })
  world:person("ana", { says = "resolved", after = "1m" })
  local run = world:run { domain = "example.com", what = WHAT, silent = 2 }
  run:expect_result("resolved")
  run:expect_not_told("duty-manager")
end)

-- --- the public ------------------------------------------------------------------------------------

test("the public is told what was approved", function(world)
  news(world, "20m", "resolved: all mail is delivered")
  world:person("bo", { says = "yes", after = "2m" })
  local run = world:run { domain = "example.com", what = WHAT, public = "customers" }
  run:expect_result("resolved", "after 24m")
  run:expect_acts { update("stakeholders", "investigating"), update("customers", "investigating"), update("stakeholders", "resolved"), update("customers", "resolved") }
  run:expect_asked { title = "Tell customers \"resolved\"?", by = "duty-manager", who = "bo", how = "approved" }
  says(run, "investigating", "Next update by 2026-01-05T09:30:00Z", 1)
  says(run, "investigating", "Next update by 2026-01-05T09:42:00Z", 2) -- it will have to be approved, too
  local shown = 0
  for _, row in ipairs(run.rows) do
    if row.type == "i" and row.verb == "approve" then
      shown = shown + 1
      expect(row.value.show["what is wrong"], WHAT, "what is shown")
      expect(row.value.show["what it says"], shown == 1 and "no news" or "all mail is delivered", "what is shown")
    end
  end
  expect(shown, 2, "how often it was asked")
end)

test("what was declined, or nobody approved, the public is not told", function(world)
  news(world, "20m", "identified: a power cut in DC2", "resolved")
  world:person("bo", { says = "no", after = "1m", why = "not before the lawyers", times = 1 })
  world:person("bo", { says = "nothing", times = 1 })
  world:person("bo", { says = "yes", after = "1m" })
  local run = world:run { domain = "example.com", what = WHAT, public = "customers" }
  run:expect_result("resolved")
  run:expect_acts { update("stakeholders", "investigating"), update("stakeholders", "identified"), update("stakeholders", "resolved"), update("customers", "resolved") }
  run:expect_finding("warn", "customers: was not told \"investigating\": declined: not before the lawyers")
  run:expect_finding("warn", "customers: was not told \"identified\": expired")
  run:expect_took { at_least = "52m", at_most = "53m" } -- ten minutes for the answer that did not come
end)

test("two approvers where two are wanted, within the time they have", function(world)
  news(world, "1m", "resolved")
  world:person("bo", { says = "yes", after = "1m" })
  world:person("cleo", { says = "yes", after = "4m", times = 1 })
  world:person("cleo", { says = "yes", after = "6m" })
  local run = world:run { domain = "example.com", what = WHAT, public = "customers", quorum = 2, answer = "5m" }
  run:expect_acts { update("stakeholders", "investigating"), update("customers", "investigating"), update("stakeholders", "resolved") }
end)

test("without approval where a parameter says so", function(world)
  news(world, "1m", "resolved")
  local run = world:run { domain = "example.com", what = WHAT, public = "customers", approve_public = false }
  run:expect_acts { update("stakeholders", "investigating"), update("customers", "investigating"), update("stakeholders", "resolved"), update("customers", "resolved") }
  says(run, "investigating", "Next update by 2026-01-05T09:30:00Z", 2)
end)

test("others may be asked and told", function(world)
  world:person("cleo", { says = "resolved", after = "1m" })
  world:person("ana", { says = "yes", after = "1m" })
  local run = world:run { domain = "example.com", what = WHAT, audience = "customers", writer = "cleo", public = "stakeholders", approver = "ana" }
  run:expect_acts { update("customers", "investigating"), update("stakeholders", "investigating"), update("customers", "resolved"), update("stakeholders", "resolved") }
end)

test("two broadcasts on one domain would contradict each other", function(world)
  world:at("10m"):host_sleeps("1h")
  local run = world:run { domain = "example.com", what = WHAT }
  run:expect_parked("stale") -- what was promised is long over: a person decides what is said now
  expect(pcall(world.run, world, { domain = "example.com", what = WHAT }), false, "a second broadcast")
  news(world, "1m", "resolved")
  world:run({ domain = "example.org", what = WHAT }):expect_result("resolved")
end)

-- --- channels --------------------------------------------------------------------------------------

test("an audience that can't be reached does not end the broadcast to the other", function(world)
  news(world, "10m", "resolved")
  world:channel("chat", "down", { lasts = "5m" })
  local run = world:run { domain = "example.com", what = WHAT, public = "customers", approve_public = false }
  run:expect_result("resolved")
  run:expect_acts { update("customers", "investigating"), update("stakeholders", "resolved"), update("customers", "resolved") }
  run:expect_finding("high", "stakeholders: was not told \"investigating\": nobody was reached")
end)
