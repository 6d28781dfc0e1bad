-- SPDX-License-Identifier: MIT
-- A change that did not help is taken back, if a person agrees and nobody has changed it since.
playbook {
  name = "undo-on-failure", version = "1.0.0", owner = "ops",
  summary = "Move a domain's MX, and back again when no mail comes that way.",
  may_change = { "zone.set_mx:{domain}" },
  params = {
    domain  = param.domain "Whose mail is moved",
    standby = param.host "Where to" { from = "domains[domain].standby" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p)
  step "Move it"
  local before = need(zone.mx(p.domain), "the DNS host does not answer")
  undo "Put the old MX back"                           -- what muster undo offers, whatever becomes of this run
  local moved = zone.set_mx(p.domain, { { preference = 10, host = p.standby } }, { only_if = before })

  step "Did it help?"
  local helped = wait_until("15m", { every = "1m", stable = 3 }, function()
    return mail.inbound(p.domain, { mx = moved.after }).verdict == "up"
  end)
  if helped then finish("moved", "via " .. p.standby) end

  step "Take it back"
  local answer = approve { "No mail flows through " .. p.standby .. ". Put the old MX back?", by = "lead", deadline = "10m",
                           show = { change = { from = moved.after, to = before } } }
  if not answer.yes then fail("moved, and no mail flows: " .. answer.how) end
  zone.set_mx(p.domain, before, { only_if = moved.after }) -- refused if a colleague has changed it since
  finish("taken_back", answer.reason)
end
