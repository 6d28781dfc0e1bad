playbook {
  name = "@name@", version = "1.0.0", owner = "@owner@",
  summary = "@summary@",
  may_change = { "notify" },                            -- people do the steps; replace them by verbs one by one
  exclusive  = "mail:{domain}",
  params = {
    domain = param.domain   "Domain it is about" { default = "@domain@" },
    answer = param.duration "How long a step may take" { default = "30m" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

-- A step that a person does. Nobody did it: the run ends there, and the owner hears of it.
local function by_hand(p, what)
  step(what)
  local done = todo { what, by = "@ask@", deadline = p.answer, show = { ["domain"] = p.domain } }
  if not done.yes then
    notify("@owner@", "runbook-stuck", { domain = p.domain, what = what, how = done.how, reason = done.reason })
    fail(what .. ": " .. done.how .. (done.reason ~= "" and ": " .. done.reason or ""))
  end
  evidence(what, { by = done.by.name, remark = done.reason })
end

function main(p)
  step "Is there anything to do?"
  local before = mail.inbound(p.domain)
  evidence("before", before)
  if before.verdict == "up" then finish("no_action", before.why) end

  by_hand(p, "Open a ticket with the provider")
  by_hand(p, "Restart the mail service")

  step "What was it?"
  local cause = ask { "What was the cause?", by = "@ask@", deadline = p.answer, default = "not known yet" }
  finding("info", "cause", cause.text or "not said")

  step "Does mail get in again?"
  local back = wait_until("15m", { every = "1m", stable = 3 }, function() return mail.inbound(p.domain).verdict == "up" end)
  if not back then
    notify("@owner@", "runbook-no-use", { domain = p.domain })
    fail("all steps are done, and no mail gets in")
  end
  notify("@tell@", "mail-restored", { domain = p.domain, cause = cause.text })
  finish("restored", cause.text)
end
