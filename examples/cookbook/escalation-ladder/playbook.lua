-- SPDX-License-Identifier: MIT
-- Page one person after the other until somebody takes it; if nobody does, everybody hears of that.
playbook {
  name = "escalation-ladder", version = "1.0.0", owner = "ops",
  summary = "Find somebody who takes a failing host.",
  may_change = { "notify", "page" },
  params = { host = param.host "The host that fails" },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p)
  step "Find somebody"
  local owner = escalate("mail-oncall", "host-down", { host = p.host }) -- who, in which order, how long: muster.lua
  if not owner then
    notify("team", "nobody-took-it", { host = p.host })
    fail("nobody took it")
  end
  notify("team", "taken", { host = p.host, owner = owner.name })
  finish("taken", owner.name)
end
