-- A choice that there is none of
playbook {
  name = "argument-choice", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local r = mail.preflight(p.domain, { mx = { { preference = 10, host = "mx.example.net" } }, how = "replace" }) -- expect: bad-argument @ "replace"
  finish("done", r.why)
end
