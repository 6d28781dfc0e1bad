-- SPDX-License-Identifier: MIT
-- The job beside this file as a playbook.
playbook {
  name = "from-rundeck", version = "1.0.0", owner = "ops",
  summary = "Look at a mail host, and find somebody who takes it when it is down.",
  may_change = { "notify", "page" },
  exclusive  = "smtp-watch:{host}",                     -- "multiple executions: no"
  watch  = { every = "5m", confirm = 3, clear = 1 },    -- schedule and retry
  params = { host = param.host "Which host" { default = "mx-a.example.com" } }, -- options
  changelog = { ["1.0.0"] = "First version" },
}

function detect(p) return smtp.probe(p.host) end

function main(p, samples)
  step "Look"                                           -- exec: the look that made this run, or one if a person starts it
  if samples.last.verdict ~= "down" then finish("no_action", samples.last.why) end

  step "Find somebody"                                  -- the error handler's job
  local owner = escalate("oncall", "host-down", { host = p.host, why = samples.last.why })
  if not owner then
    notify("team", "nobody", { host = p.host })         -- onfailure
    fail("nobody took it")
  end
  finish("taken", owner.name)
end
