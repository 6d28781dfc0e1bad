-- Allowing without a reason
playbook {
  name = "allow-silent", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local x = 1 -- muster: allow unused-local  -- expect: bad-allow @ --  -- expect: unused-local @ x
  finish("done", p.domain)
end
