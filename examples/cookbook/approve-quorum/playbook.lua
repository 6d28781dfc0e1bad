-- SPDX-License-Identifier: MIT
-- Two people must say yes, and the one who started the run is none of them.
playbook {
  name = "approve-quorum", version = "1.0.0", owner = "ops",
  summary = "Point a domain at its standby once two people have agreed.",
  may_change = { "zone.set_mx:{domain}" },
  params = {
    domain  = param.domain "Whose mail is moved",
    standby = param.host "Where to" { from = "domains[domain].standby" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p)
  step "Ask two people"
  local before = need(zone.mx(p.domain), "the DNS host does not answer")
  local after = { { preference = 10, host = p.standby } }
  local answer = approve { "Point " .. p.domain .. " at " .. p.standby .. "?", by = "lead", quorum = 2, no_self = true,
                           deadline = "15m", show = { change = { from = before, to = after } } }
  if not answer.yes then finish(answer.how, answer.reason) end
  local said, names = {}, {}
  for _, vote in ipairs(answer.votes) do said[vote.who] = vote.answer end -- the last word of each: a yes can be withdrawn
  for who, last in pairs(said) do
    if last == "yes" then names[#names + 1] = who end
  end

  step "Move it"
  zone.set_mx(p.domain, after, { only_if = before })
  finish("moved", "agreed by " .. table.concat(names, " and "))
end
