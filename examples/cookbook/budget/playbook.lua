-- SPDX-License-Identifier: MIT
-- A loop that runs wild stops itself: before it has sent a thousand messages a person is asked.
playbook {
  name = "budget", version = "1.0.0", owner = "ops",
  summary = "Tell the team each time a host changes its state.",
  may_change = { "notify" },
  budget = { acts = 10, rows = 2000 },                  -- more than it ever needs, less than would hurt
  params = {
    host  = param.host "Which host",
    limit = param.duration "How long to look" { default = "2h" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p)
  step "Look, and tell"
  local last
  wait_until(p.limit, { every = "30s" }, function()
    local verdict = smtp.probe(p.host).verdict
    if verdict ~= last then notify("team", "host-is", { host = p.host, verdict = verdict }) end
    last = verdict
    return false                                        -- never good: it looks until the time is over
  end)
  finish("over", "it was " .. last .. " last")
end
