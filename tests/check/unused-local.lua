-- A result nobody reads
playbook {
  name = "unused-local", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local inbound = mail.inbound(p.domain) -- expect: unused-local @ inbound
  finish("done")
end
