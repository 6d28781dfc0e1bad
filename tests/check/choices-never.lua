-- A default that never counts
playbook {
  name = "choices-never", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local a = ask { "Which?", by = "lead", default = "left" } -- expect: bad-choices @ "left"  -- expect: no-deadline @ ask
  finish(a.how, p.domain)
end
