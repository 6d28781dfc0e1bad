-- A deadline in words
playbook {
  name = "gate-deadline", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local a = approve { "Move it?", by = "lead", deadline = "ten minutes" } -- expect: bad-duration @ "ten
  finish(a.how, p.domain)
end
