-- SPDX-License-Identifier: MIT
-- Go back only after the primary was well for a while without a break: a server that comes and goes is not back.
playbook {
  name = "failback-when-stable", version = "1.0.0", owner = "ops",
  summary = "Move a domain's mail back to its primary MX.",
  may_change = { "zone.set_mx:{domain}" },
  params = {
    domain   = param.domain "Whose mail was moved",
    primary  = param.host "Where it goes back to",
    well_for = param.duration "How long it must have been well" { default = "30m" },
    give_up  = param.duration "How long to wait for that" { default = "12h" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p)
  step "Has the primary been well for long enough?"
  local home = { { preference = 10, host = p.primary } }
  local well = wait_until(p.give_up, { every = "1m", stable = math.max(1, seconds(p.well_for) // 60) }, function()
    return mail.inbound(p.domain, { mx = home }).verdict == "up" -- one busy answer, and it counts anew
  end)
  if not well then finish("no_action", p.primary .. " was not up for " .. p.well_for) end

  step "Go back"
  local before = need(zone.mx(p.domain), "the DNS host does not answer")
  local answer = approve { "Move " .. p.domain .. " back to " .. p.primary .. "?", by = "lead", deadline = "4h" }
  if not answer.yes then finish(answer.how, answer.reason) end
  undo "Point it at the standby again"
  zone.set_mx(p.domain, home, { only_if = before, ttl = "1h" })
  finish("back")
end
