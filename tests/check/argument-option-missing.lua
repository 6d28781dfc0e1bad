-- A verb without the option it needs
playbook {
  name = "argument-option-missing", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local r = mail.preflight(p.domain) -- expect: missing-argument @ mail
  finish("done", r.why)
end
