-- SPDX-License-Identifier: MIT
-- Thirty days in which a ladder is climbed every six hours until somebody takes it: as long as an incident gets, to see
-- that a simulated world has no trouble with time.
playbook {
  name = "long-escalation", version = "1.0.0", owner = "mail-platform",
  summary = "Escalate every six hours, for thirty days.",
  may_change = { "notify", "page" },
  params = { host = param.host "What is down", days = param.integer "For how long" { default = 30, min = 1, max = 365 } },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p)
  local rounds, owner = 0, nil
  wait_until(p.days .. "d", { every = "6h", meanwhile = { every = "1d", function() notify("stakeholders", "still-down", { host = p.host, days = rounds // 4 }) end } },
    function()
      rounds = rounds + 1
      owner = escalate("mail-oncall", "still-down", { host = p.host, days = rounds // 4 })
      return owner
    end)
  if not owner then fail("nobody took it in " .. rounds .. " rounds") end
  finish("taken", owner.name .. " after " .. rounds .. " rounds")
end
