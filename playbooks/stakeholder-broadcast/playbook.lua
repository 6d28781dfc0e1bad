-- SPDX-License-Identifier: MIT
playbook {
  name = "stakeholder-broadcast", version = "1.0.0", owner = "mail-platform",
  summary = "Keep people told through an incident: investigating, identified, monitoring, resolved.",
  may_change = { "notify" },
  exclusive  = "broadcast:{domain}",                            -- two of them would contradict each other
  params = {
    domain         = param.domain   "Domain it is about: no e-mail about it travels through it",
    what           = param.string   "What is wrong, in the words of those who are told",
    state          = param.choice   "Where it begins" { "investigating", "identified", "monitoring", "resolved", default = "investigating" },
    say            = param.string   "What the first update says" { default = "" },
    audience       = param.string   "Who is told every update" { default = "stakeholders" },
    public         = param.string   "Who else is told: an audience outside; empty for nobody" { default = "" },
    approve_public = param.boolean  "Ask before the public is told" { default = true },
    approver       = param.string   "Who approves that" { default = "duty-manager" },
    quorum         = param.integer  "How many of them must" { default = 1, min = 1, max = 5 },
    answer         = param.duration "How long they have; the public is not told what nobody approved" { default = "10m" },
    writer         = param.string   "Who is asked how it goes" { default = "incident-lead" },
    every          = param.duration "How often people are told, also that there is no news" { default = "30m" },
    silent         = param.integer  "After so many updates without a word from the writer the approver hears of it" { default = 3, min = 1, max = 100 },
    limit          = param.duration "How long it may go on" { default = "3d" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

local states = { -- each has its template
  investigating = function(audience, vars) notify(audience, "investigating", vars) end,
  identified    = function(audience, vars) notify(audience, "identified", vars) end,
  monitoring    = function(audience, vars) notify(audience, "monitoring", vars) end,
  resolved      = function(audience, vars) notify(audience, "resolved", vars) end,
}

-- "monitoring: the standby takes the mail" → the state and what is said; without one of the four words it stays.
local function read(news, state)
  local word, rest = string.match(news, "^%s*(%a+)%s*:%s*(.*)$")
  word = word and string.lower(word)
  if word and states[word] then return word, rest end
  word = string.lower(string.match(news, "^%s*(.-)%s*$"))
  if states[word] then return word, "" end
  return state, news
end

-- One audience that can't be reached must not end the broadcast to the others.
local function tell(p, audience, state, said, promise)
  local ok, err = pcall(states[state], audience, { domain = p.domain, what = p.what, said = said, next_update = now() + promise })
  if not ok then finding("high", audience, "was not told \"" .. state .. "\": " .. tostring(err.why or err)) end
end

local function tell_public(p, state, said)
  local promise = seconds(p.every)
  if p.approve_public then
    local answer = approve { "Tell " .. p.public .. " \"" .. state .. "\"?", by = p.approver, deadline = p.answer, quorum = p.quorum,
                             show = { ["what is wrong"] = p.what, ["what it says"] = said ~= "" and said or "no news" } }
    if not answer.yes then
      finding("warn", p.public, "was not told \"" .. state .. "\": " .. answer.how .. (answer.reason and ": " .. answer.reason or ""))
      return
    end
    promise = promise + seconds(p.answer)                       -- the next one has to be approved as well
  end
  tell(p, p.public, state, said, promise)
end

function main(p)
  local state, said, before, silent = p.state, p.say, nil, 0
  while now() - started() < seconds(p.limit) do
    step("Tell: " .. state)
    if state ~= before then milestone(state) end
    before = state
    tell(p, p.audience, state, said, seconds(p.every))
    if p.public ~= "" then tell_public(p, state, said) end
    if state == "resolved" then finish("resolved", "after " .. ago(started())) end

    step "How does it go?"
    local news = ask { "How does it go? As \"monitoring: what is to be said\"; told last: " .. state, by = p.writer,
                       deadline = p.every, default = "", show = { ["what is wrong"] = p.what, ["said last"] = said } }
    local answered = news.how == "answered"
    silent = answered and 0 or silent + 1
    if answered and news.text == "" then state, said = "resolved", "" -- no person can say that: a dry run goes on with it
    else state, said = read(answered and news.text or "", state) end
    if silent > 0 and silent % p.silent == 0 then
      finding("warn", p.writer, "has not said how it goes for " .. silent .. " updates")
      notify(p.approver, "no-word", { domain = p.domain, what = p.what, state = state, writer = p.writer, updates = silent })
    end
  end
  notify(p.approver, "broadcast-over", { domain = p.domain, what = p.what, state = state, limit = p.limit })
  fail("not resolved after " .. p.limit .. "; the last state told is " .. state)
end
