// A stylesheet is nothing; an icon has to be something.
module.exports = '<svg xmlns="http://www.w3.org/2000/svg"/>';
