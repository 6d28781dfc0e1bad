-- Allowed on the line and on the line before: nothing is said
playbook {
  name = "allowed", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local x = 1 -- muster: allow unused-local: kept for the next version
  -- muster: allow no-deadline: the provider answers within days
  local a = approve { "Move it?", by = "lead" }
  finish(a.how, p.domain)
end
