-- No value fits
playbook {
  name = "param-bounds", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain",
    n = param.integer "How many" { min = 5, max = 3 } -- expect: bad-param @ min = 5
   },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.domain .. p.n)
end
