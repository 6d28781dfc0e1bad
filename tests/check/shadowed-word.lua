-- A local that hides the verbs of its name
playbook {
  name = "shadowed-word", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local mail = mail.inbound(p.domain) -- expect: shadowed-word @ mail
  finish("done", mail.why)
end
