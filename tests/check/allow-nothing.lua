-- Allowing what does not occur
playbook {
  name = "allow-nothing", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  step "x" -- muster: allow unused-local: it was there once  -- expect: unneeded-allow @ --
  finish("done", p.domain)
end
