// A stylesheet is nothing; an icon has to be something.
module.exports = '<svg/>';
