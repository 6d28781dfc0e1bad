-- A sign that stands nowhere
playbook { name = "syntax-sign" }
function main(p)
  local x = = 1 -- expect: syntax @ = 1
end
