"""Given names that are common in English and German speaking countries and among those who moved there.

Written for this project. A name that is also a common word, place or month counts with a family name only.
"""

from __future__ import annotations

_SURE = """
Aaron Abdul Achim Adam Adele Adrian Agnes Ahmed Ahmet Aisha Alan Albert Alejandro Alessandro Alexander Alexandra
Alfred Ali Alice Alicia Alina Allison Alois Alvin Amanda Amelia Amir Amy Ana Anders Andre Andrea Andreas Andrew
Andrzej Angela Angelika Anika Anita Anja Anke Ann Anna Annalena Anne Annegret Annemarie Annett Annette Anthony Antje
Anton Antonia Antonio Ariane Armin Arno Arnold Arthur Artur Ashley Astrid Audrey Axel Ayse Barbara Bastian Beate
Beatrice Beatrix Benedikt Benjamin Bernadette Bernd Bernhard Bert Bertha Bettina Beverly Bianca Birgit Birgitta Björn
Boris Bradley Brandon Brenda Brian Brigitte Britta Brittany Bruno Burkhard Carina Carl Carla Carlos Carmen Carol
Carola Caroline Carolyn Carsten Catherine Cathrin Celina Charles Charlotte Chiara Chloe Christa Christel Christian
Christiane Christina Christine Christof Christoph Christopher Cindy Claire Clara Claudia Clemens Connor Conrad Corinna
Cornelia Craig Cynthia Dagmar Daniel Daniela Danielle Danuta David Deborah Debra Denis Denise Dennis Detlef Diana
Diane Dieter Dietmar Dietrich Dimitri Dirk Dominic Dominik Donald Donna Dora Doreen Doris Dorothea Dorothee Dorothy
Douglas Dustin Dylan Eberhard Eckhard Edeltraud Edgar Edith Eduard Edward Edwin Ekaterina Elena Elfriede Elias Elif
Elisa Elisabeth Elizabeth Elke Ella Ellen Elsa Elvira Emil Emilia Emily Emine Emma Emre Enrico Eric Erich Erik Erika
Erin Ernst Erwin Esther Ethan Eugen Eva Evelyn Fabian Fatima Fatma Felicitas Felix Ferdinand Fernando Fiona Florian
Francesca Francesco Francis Francisco Frank Franz Franziska Fred Friedrich Fritz Gabriel Gabriela Gabriele Gareth Gary
Geoffrey Georg George Gerald Gerd Gerda Gerhard Gerlinde Gernot Gertraud Gertrud Giovanni Gisela Giuseppe Gloria
Gordon Gottfried Graham Greg Gregor Gregory Greta Gudrun Guido Gunnar Gustav Günter Günther Hannah Hannelore Hannes
Hans Harald Harold Harry Hartmut Hassan Heather Hedwig Heide Heidi Heike Heiko Heiner Heinrich Heinz Helen Helena
Helene Helga Helmut Hendrik Henning Henrik Henry Herbert Hermann Herta Hilda Hilde Hildegard Holger Horst Howard
Hubert Hugo Ibrahim Ida Ignaz Igor Ilona Ilse Imke Ines Inge Ingeborg Ingo Ingrid Irene Irina Irmgard Isaac Isabel
Isabella Isabelle Ivan Ivana Jaclyn Jacob Jacqueline Jakob James Jamie Jan Jana Jane Janet Janice Janina Janine Jannik
Jasmin Jason Jay Jean Jeffrey Jennifer Jens Jeremy Jerry Jesse Jessica Jill Joachim Joan Joanna Joanne Jochen Joel
Joerg Johann Johanna Johannes John Johnny Jonas Jonathan Jordan Jorge Jose Josef Joseph Josephine Joshua Joyce Juan
Juana Judith Judy Julia Julian Juliane Julie Julius Justin Jutta Jörg Jürgen Kai Karen Karin Karina Karl Karla Karsten
Katarina Katharina Katherine Kathleen Kathrin Kathryn Katja Katrin Keith Kelly Kenneth Kerstin Kevin Kim Kimberly
Klara Klaus Konrad Konstantin Kristen Kristin Kristina Kurt Kyle Lara Larry Lars Laura Lauren Lea Lena Leo Leon
Leonard Leonie Leslie Liam Lilli Lina Linda Linus Lisa Lothar Louis Louisa Louise Luca Lucas Lucia Ludwig Luis Luisa
Lukas Lutz Lydia Maik Malte Manfred Manuel Manuela Marc Marcel Marco Marcus Margaret Margarete Margit Margot Maria
Marian Marianne Marie Marina Mario Marion Marius Marko Markus Marlene Marlies Marta Martha Martin Martina Marvin Mary
Mathias Mathilde Matteo Matthew Matthias Maurice Max Maximilian Maya Megan Mehmet Meike Melanie Melissa Mia Michael
Michaela Michele Michelle Miguel Mike Mila Miriam Mirko Mohamed Mohammad Mohammed Monica Monika Monique Moritz
Muhammad Murat Mustafa Nadia Nadine Nadja Nancy Natalia Natalie Natascha Nathan Nicholas Nicolas Nicole Niels Niklas
Nikolaus Nils Nina Noah Nora Norbert Norman Olaf Oleg Olga Oliver Olivia Omar Oskar Oswald Otto Pablo Pamela Pascal
Patricia Patrick Paul Paula Pauline Pedro Peggy Peter Petra Philip Philipp Phillip Pia Pierre Piotr Rachel Raimund
Rainer Ralf Ralph Ramona Raphael Raymond Rebecca Regina Reiner Reinhard Reinhold Renate Rene Ricardo Richard Rita
Robert Roberto Robin Roger Roland Rolf Roman Romy Ronald Ronny Rosa Rosemarie Rosemary Roswitha Roy Rudolf Rupert
Russell Ruth Ryan Sabine Sabrina Sally Samantha Samuel Sandra Sara Sarah Sascha Scott Sean Sebastian Selina Sergej
Shane Shannon Sharon Shirley Siegfried Sigrid Silke Silvia Simon Simone Sofia Sonja Sophia Sophie Stacey Stefan
Stefanie Steffen Stephan Stephanie Stephen Steve Steven Stuart Susan Susanne Svea Sven Svenja Svetlana Sylvia Tamara
Tanja Tatjana Teresa Terry Thea Theo Theodor Theresa Thomas Thorsten Tiffany Till Tim Timo Timothy Tina Tobias Tom
Toni Tony Torsten Tracy Tyler Udo Ulf Ulrich Ulrike Ursula Ute Uwe Valentina Valerie Vanessa Vera Verena Veronika
Victor Victoria Viktor Viktoria Vincent Virginia Vivian Volker Waltraud Walter Wanda Wayne Wendy Werner Wilfried
Wilhelm William Willi Wladimir Wolfgang Wolfram Xaver Yannick Yasmin Yvonne Zachary Zoe
"""
_ALSO_WORDS = """
April Art Austin Basil Berlin Bill Bob Brooke Charlie Chase Christian Dale Daisy Dallas Dawn Dean Drew Earl Ernst
Faith Florence Frank Georgia Glen Grace Grant Hans Heath Holly Hope Houston Hunter Iris Ivy Jack Jade Jim Joe Josh Joy
June Ken Kent Lance Lily London Lynn Madison Mark Marlene Matt Max May Merle Miles Mitch Nick Nelson Olive Pat Pearl
Penny Paris Randy Ray Reed Rich Rob Rod Rose Roy Ruby Sam Savannah Sebastian Summer Sue Sydney Taylor Ted Troy Van
Violet Will Wolf
"""

GIVEN_NAMES: dict[str, bool] = dict.fromkeys(_SURE.split(), True) | dict.fromkeys(_ALSO_WORDS.split(), False)
"""Whether the name says "a person" when it stands alone."""
