"""One document, and what moved a company, as data of our components. Pure: nothing is read here."""
