-- SPDX-License-Identifier: MIT
playbook {
  name = "relay-check", version = "1.0.0", owner = "mail-platform",
  summary = "Tell the team when the relay does not answer.",
  may_change = { "notify" },
  params = { host = param.host "The relay" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  step "Does it answer?"
  local probe = smtp.probe(p.host)
  if probe.verdict == "up" then finish("no_action", p.host .. " answers") end
  notify("stakeholders", "relay-down", { host = p.host, why = probe.why })
  finish("told")
end
